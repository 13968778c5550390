"""The Pykka actors: one shell per role, their timers, supervision and durable storage."""
