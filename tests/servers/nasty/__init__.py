"""What a server can do wrong on stdio: one module per family of modes."""
