"""What machines say to each other: protobuf messages, and how values become them and back."""
