"""The RAELLA study: ISAAC and three versions of RAELLA on the layers of seven networks (Andrulis et al., ISCA 2023)."""
