"""Stand-ins for the hosted providers, on loopback, speaking their own wire protocols.

`rig.ProviderRig` starts them together; `bench.ServiceBench` runs one real Pipecat service against
one of them. They reject what the services reject, keep set latencies, and fail on command
(`faults`). Each module names the public documents that it was built from.
"""
