"""What an OTLP receiver owes its senders, tried out over the wire against any receiver."""
