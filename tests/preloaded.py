"""The modules that the command line reads only when a command asks for them."""
# ruff: noqa: F401

import commands.dead_letters
import commands.explaining
import commands.exporting
import commands.importing
import commands.index
import commands.tokens
import models.migrating
