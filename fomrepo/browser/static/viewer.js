// Inside the viewer's frame: shows what the page hands over, and has nothing to fetch anything with.
"use strict";

(function () {
  let viewer = null, preset = null, wanted = -1, busy = false;

  function tell(what) { window.parent.postMessage(what, "*"); }

  async function load({ pdb, dcd, background }) {
    viewer = await molstar.Viewer.create("viewer", {
      extensions: [], layoutIsExpanded: false, layoutShowControls: false, layoutShowRemoteState: false,
      layoutShowSequence: false, layoutShowLog: false, layoutShowLeftPanel: false, viewportShowExpand: false,
      viewportShowSelectionMode: false, viewportShowAnimation: false, viewportShowTrajectoryControls: false,
      viewportShowControls: false, viewportShowSettings: false, volumeStreamingDisabled: true,
      pluginStateServer: "", volumeStreamingServer: "", viewportBackgroundColor: background,
      powerPreference: "low-power", allowMajorPerformanceCaveat: true,
    });
    ({ preset } = await viewer.loadTrajectory({
      model: { kind: "model-data", data: pdb, format: "pdb" },
      coordinates: { kind: "coordinates-data", data: new Uint8Array(dcd), format: "dcd" },
      preset: "default",
    }));
    tell({ ready: true });
  }

  async function show(n) {
    wanted = n;
    if (busy || !preset) return;
    busy = true;
    for (let last = -1; last !== wanted;) {
      last = wanted;
      await viewer.plugin.state.data.build().to(preset.model.ref).update((old) => ({ ...old, modelIndex: last })).commit();
      tell({ drawn: last });
    }
    busy = false;
  }

  function restyle(style) {
    const chosen = viewer.plugin.builders.structure.representation.getPresets().find((one) => one.id.endsWith(style));
    const structures = viewer.plugin.managers.structure.hierarchy.current.structures;
    return viewer.plugin.managers.structure.component.applyPreset(structures, chosen);
  }

  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent) return;
    const done = data.pdb ? load(data) : "frame" in data ? show(data.frame) : restyle(data.style);
    done.catch((error) => tell({ failed: String(error.message).slice(0, 300) }));
  });
  tell({ loaded: true });
})();
