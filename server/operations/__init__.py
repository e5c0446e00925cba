"""What an operator does to what is kept: back it up, restore it, erase from it."""
