"""The local-inertial equations as one fused loop per storm, for the CPU."""
