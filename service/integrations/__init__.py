"""What follows the log outwards."""
