"""Who may speak at which door: TLS, bearer tokens with roles, and the guards that ask for them."""
