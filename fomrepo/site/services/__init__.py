"""What the listeners answer: each module turns one service of the wire into calls of the desks, and nothing more."""
