"""A vCPU of Lambda's speed on a host that is faster: how much faster, and what to do about it.

`calibrate` measures kernels whose time on Lambda is published and finds by trial how long of
every cycle a CPU must be kept busy to need as long; `store` keeps what was found for this host;
`pacer` does it, by `lambdameter-slow-core`, while a function runs, and keeps Lambda's bandwidth
rule by the same threads; `tick` is how often this kernel would have looked at a quota.
"""
