"""Domain to protobuf and back: one file for each file of the contract."""
