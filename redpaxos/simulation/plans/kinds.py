"""Every kind of fault that a run can have, in words: what is counted when it really struck, and what followed from faults."""

BEFORE, AFTER, ERROR, FULL = "power cut before a write", "power cut after a write", "failed write", "full disk"
"""What becomes of a write."""

BURSTS = {
    "storm": {"loss": 1.0},
    "duplication burst": {"duplication": 1.0},
    "delay burst": {"delay_seconds": 0.5},
    "reordering burst": {"reorders": 1.0, "spread_seconds": 0.5},
    "frame corrupted": {"corruption": 1.0},
}
"""What makes the links worse for a while: what of the link plan, and by how much of the fault's amount."""

FAULTS = {
    # ---- nodes
    "crash": "a node loses its power",
    "crash of all": "every node loses its power at once",
    "restart loop": "a node loses its power again and again, as soon as it is up",
    "stop": "a node is told to stop, and started later",
    "pause": "a node stands still and does not know it",
    "slow node": "a node takes its time before it looks into its mailbox",
    "fast clock": "a node's clock and timers run too fast",
    "slow clock": "a node's clock and timers run too slow",
    "clock jump": "a node's clock jumps, forth or back",
    "power cut while sending": "a node dies between two messages of one drain",
    # ---- disks
    BEFORE: "a node dies when it is about to write",
    AFTER: "a node dies when it has written and sent nothing of it yet",
    "unsynced writes lost": "what was not synced is gone after a crash",
    "slow disk": "every sync takes long, and what depends on it waits",
    ERROR: "a sync fails",
    FULL: "the disk is full",
    "wipe": "a node comes back with empty disks",
    "wrong disk": "a node is started with empty disks by mistake, and later with its own",
    "old copy": "a node comes back with an old copy of its disks",
    # ---- links
    "one way": "a node is heard by nobody and hears all",
    "isolated": "a node is alone",
    "split": "two parts that do not hear each other",
    "ring": "each node hears its two neighbours",
    "chain": "the same without the link that closes the ring",
    "star": "all hear one, and it hears all",
    "bridge": "one node connects two halves",
    "constrained": "a node is alone until its log is behind, and then the middle of a star",
    "flapping": "a node's links come and go",
    "patchwork": "other links are cut every moment",
    "message into a cut link": "a message is sent over a link that is cut",
    # ---- messages
    "loss": "a message is lost",
    "duplication": "a message arrives twice",
    "late message": "a message arrives long after it was sent",
    "message across lives": "a message that was meant for one life of a node arrives at a later one",
    "reordering": "a message overtakes an earlier one",
    "storm": "most messages are lost for a while",
    "duplication burst": "most messages arrive twice for a while",
    "delay burst": "all messages are late for a while",
    "reordering burst": "messages arrive in any order for a while",
    "frame corrupted": "a frame is cut short, or in a signed cluster has a wrong bit",
    "garbage frame": "something that is no message, or not this cluster's, arrives on an internal channel",
    # ---- the server in the middle
    "server down": "nothing can be published",
    "server killed": "the server dies with what it had, and comes back empty",
    "server frozen": "the server stands still, and goes on later with all it had",
    "subscriptions lost": "the server forgets every subscription, and each participant subscribes again when it notices",
    "subscriber cut off": "the server drops one participant, which subscribes again when it notices",
    "publish while the server is down": "a message could certainly not be published",
    "publish error, delivered": "publishing fails, and the message arrives",
    "publish error, lost": "publishing fails, and the message does not arrive",
}

CONSEQUENCES = {
    "unheard in a round": "a participant did not hear another in a round",
    "aimed at the leader": "a fault struck whoever led",
    "message to a lost subscription": "nobody was subscribed where somebody should be",
    "loss in a killed server": "a message was in the server when it died",
    "message of the dead": "a node died while its disk was busy, and what it wanted to send was not sent",
    "stranger refused": "a node with a store that nobody knows was refused",
    "calm before the first start was over": "no core was admitted yet, so that everybody had to come once more",
    "node stopped by its storage": "a node stopped itself because of its disk",
}
