def attack(universe):
    print("\x1b]0;owned\x07\x1b[2J\x9b31m" + "\udcff".encode("utf-8", "surrogatepass").decode("latin-1") + "\0")
    return {"gained": [], "refused": ["nothing to refuse"]}
