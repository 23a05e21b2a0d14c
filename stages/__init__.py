"""How a sample climbs: records, two protocols, and the rungs. Pure: no Ray, no disk, no network, no clock."""
