"""What Schemathesis checks of its own accord, but for what no schema can say."""

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# A cursor is one that the list itself gave out; a deletion is confirmed by the name of what is deleted; and of what JSON calls a text,
# Postgres holds neither NUL nor half a surrogate pair. Each of these refusals has tests of its own.
BEYOND_THE_SCHEMA = {"Cursor not usable", "Not confirmed", "Text cannot be kept"}


@schemathesis.check
def what_fits_is_accepted(ctx, response, case):
    if response.status_code == 400 and response.json()["title"] in BEYOND_THE_SCHEMA:
        return None
    return positive_data_acceptance(ctx, response, case)
