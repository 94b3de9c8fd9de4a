"""A site that tells, when it has stopped, what its process had imported.

``python -m tests.federation.watched_site HOME``
"""

import json
import sys
from pathlib import Path

from fomrepo.site.serve import serve

if __name__ == "__main__":
    serve(Path(sys.argv[1]))
    (Path(sys.argv[1]) / "modules.json").write_text(json.dumps(sorted(sys.modules)))
