"""Speed of networks, distillation and commands, beside the limits of the machine."""
