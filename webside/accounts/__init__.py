"""Who signs in: users, their memberships and roles, sessions, passkeys and second factors."""
