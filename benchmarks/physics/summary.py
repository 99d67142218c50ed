"""From rows to a summary and a table: errors, and speed beside the peers."""

from benchmarks.record import Record, Row, Rows, markdown_table

COLUMNS = ("case", "solver", "cell_steps_per_cpu_s", "cpu_s", "rmse_m", "csi", "rest_error_m", "mass_error", "note")


def summarise(rows: Rows) -> Row:
    """Speed beside each peer, errors at Caorle, and the greatest errors of the exact cases."""
    rates = {
        str(each["solver"]): each["cell_steps_per_cpu_s"] for each in rows if str(each["case"]).startswith("storm_256")
    }
    own = rates["strandline"]
    summary: Row = {"cell_steps_per_cpu_s": own}
    drivers = rates.pop("strandline_drivers")
    summary["cell_steps_per_cpu_s_all_drivers"] = drivers
    for peer, rate in rates.items():
        if peer != "strandline":
            summary[f"times_{peer}"] = None if rate is None or own is None else float(own) / float(rate)
            all_drivers = None if rate is None or drivers is None else float(drivers) / float(rate)
            summary[f"times_{peer}_all_drivers"] = all_drivers
    stations = [float(each["rmse_m"] or 0.0) for each in rows if str(each["case"]).startswith("caorle_50m")]
    summary["caorle_50m_worst_rmse_m"] = max(stations, default=None)
    for each in rows:
        if str(each["case"]).startswith("caorle_150m"):
            depth = str(each["case"]).rsplit("_", 1)[1]
            summary |= {f"caorle_150m_rmse_m_{depth}": each["rmse_m"], f"caorle_150m_csi_{depth}": each["csi"]}
        if each["case"] == "grid_2048":
            summary["bandwidth_share"] = each["bandwidth_share"]
    summary["rest_error_m"] = max(float(each["rest_error_m"] or 0.0) for each in rows)
    summary["mass_error"] = max(float(each["mass_error"] or 0.0) for each in rows if "float32" not in str(each["case"]))
    return summary


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
