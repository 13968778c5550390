"""Who uses a simulated cluster.

In the order of reading:

    clients    clients
    lanes      what each does, one request after the other
    lines      how each reaches the cluster
"""
