def attack(universe):
    return {"gained": ["x" * 2**20] * 9, "refused": []}
