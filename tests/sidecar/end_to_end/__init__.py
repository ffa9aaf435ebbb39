"""The whole program, as an editor sees it, against real servers over real transports."""
