"""The estimators that come with the library; importing this package enters them all into the registry."""

from __future__ import annotations

from accelax.components.library import adc as adc
from accelax.components.library import aladdin as aladdin
from accelax.components.library import array_lines as array_lines
from accelax.components.library import atomlayer as atomlayer
from accelax.components.library import buffer_points as buffer_points
from accelax.components.library import c2c_multiplier as c2c_multiplier
from accelax.components.library import capacitors as capacitors
from accelax.components.library import cells as cells
from accelax.components.library import colonnade as colonnade
from accelax.components.library import dac as dac
from accelax.components.library import dram as dram
from accelax.components.library import drivers as drivers
from accelax.components.library import dummies as dummies
from accelax.components.library import floating_point as floating_point
from accelax.components.library import gates as gates
from accelax.components.library import isaac as isaac
from accelax.components.library import jia as jia
from accelax.components.library import networks as networks
from accelax.components.library import neurram as neurram
from accelax.components.library import published_converters as published_converters
from accelax.components.library import raella as raella
from accelax.components.library import register_files as register_files
from accelax.components.library import smart_buffers as smart_buffers
from accelax.components.library import sram as sram
from accelax.components.library import timely as timely
