"""A river mouth in floods: how well its level is forecast, and what each driver brings."""
