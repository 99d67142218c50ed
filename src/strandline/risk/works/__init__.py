"""Works that a person draws: where water still reaches, whom it spares, and onto whom it turns."""
