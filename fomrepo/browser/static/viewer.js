// Inside the viewer's frame: shows what the page hands over, and has nothing to fetch anything with.
"use strict";

(function () {
  let viewer = null, model = null, wanted = -1, drawn = -1, look = "cartoon", work = Promise.resolve(), waits = false;

  Object.defineProperty(navigator, "xr", { value: undefined });  // it would be asked for, and may not be used here

  function tell(what) { window.parent.postMessage(what, "*"); }

  async function load(told) {
    viewer = await molstar.Viewer.create("viewer", {
      extensions: [], layoutIsExpanded: false, layoutShowControls: false, layoutShowRemoteState: false,
      layoutShowSequence: false, layoutShowLog: false, layoutShowLeftPanel: false, viewportShowExpand: false,
      viewportShowSelectionMode: false, viewportShowAnimation: false, viewportShowTrajectoryControls: false,
      viewportShowControls: false, viewportShowSettings: false, viewportShowReset: false,
      viewportShowScreenshotControls: false, viewportShowToggleFullscreen: false, volumeStreamingDisabled: true,
      pluginStateServer: "", volumeStreamingServer: "", viewportBackgroundColor: told.background,
      powerPreference: "low-power", allowMajorPerformanceCaveat: true,
    });
    viewer.plugin.canvas3d.setProps({ camera: { helper: { axes: { name: "off", params: {} } } } });
    const { preset } = await viewer.loadTrajectory({
      model: { kind: "model-data", data: told.pdb, format: "pdb" },
      coordinates: { kind: "coordinates-data", data: new Uint8Array(told.dcd), format: "dcd" },
      preset: "default",
    });
    model = preset.model;
    await draw(told.look);
    tell({ ready: true });
  }

  // A cartoon of what is a chain, and balls and sticks of the rest; anything else of all atoms.
  async function draw(chosen) {
    const { builders, managers } = viewer.plugin;
    const structures = managers.structure.hierarchy.current.structures;
    await managers.structure.component.clear(structures);
    for (const { cell } of structures) {
      const chain = chosen === "cartoon" && await builders.structure.tryCreateComponentStatic(cell, "polymer");
      if (chain) {
        await builders.structure.representation.addRepresentation(chain, { type: "cartoon", color: "sequence-id" });
        for (const other of ["ligand", "lipid", "ion", "branched"]) {
          const rest = await builders.structure.tryCreateComponentStatic(cell, other);
          if (rest) await builders.structure.representation.addRepresentation(rest, { type: "ball-and-stick" });
        }
      } else {
        const all = await builders.structure.tryCreateComponentStatic(cell, "all");
        const type = { surface: "gaussian-surface", line: "line" }[chosen] || "ball-and-stick";
        const color = chosen === "surface" ? "sequence-id" : "element-symbol";
        await builders.structure.representation.addRepresentation(all, { type, color });
      }
    }
    look = chosen;
    tell({ looks: look });
  }

  async function show() {
    if (wanted === drawn) return;
    drawn = wanted;
    await viewer.plugin.state.data.build().to(model.ref).update((old) => ({ ...old, modelIndex: drawn })).commit();
    tell({ drawn });
  }

  // One thing after the other; of frames that come faster than they are drawn, the last one.
  function then(step) {
    work = work.then(step).catch((error) => tell({ failed: String(error.message).slice(0, 300) }));
  }

  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent) return;
    if (data.pdb) then(() => load(data));
    else if ("look" in data) then(() => draw(data.look));
    else if ("frame" in data) {
      wanted = data.frame;
      if (!waits) { waits = true; then(() => { waits = false; return show(); }); }
    }
  });
  tell({ loaded: true });
})();
