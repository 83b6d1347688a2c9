"""From clips to a head: features once, then recipes, losses and runs that can be resumed."""
