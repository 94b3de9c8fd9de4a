"""Run one site: ``python -m fomrepo.site HOME``; what ``fomrepo site serve`` does, without the command line."""

import sys
from pathlib import Path

from fomrepo.errors import FomrepoError
from fomrepo.site.serve import serve

if __name__ == "__main__":
    try:
        serve(Path(sys.argv[1]), say=print)
    except FomrepoError as error:
        sys.exit(str(error))
