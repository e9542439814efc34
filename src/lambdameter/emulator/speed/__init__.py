"""Makes CPUs as slow as a Lambda vCPU, on a host that is faster.

`calibrate` measures `kernels` whose time on Lambda is published, and `yardstick` finds by trial how
long of every cycle a CPU must be kept busy to take that time; `store` keeps the result. `pacer`
slows the CPUs by `lambdameter-slow-core` while a function runs, and keeps Lambda's bandwidth rule
by the same threads; `tick` says how often this kernel would have checked a quota.
"""
