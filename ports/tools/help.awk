# SPDX-License-Identifier: MIT
# Print `make help` from the makefiles: "##@ GROUP" starts a group, and "## TEXT" above a target is its help.
/^##@ / {
    group = substr($0, 5)
    if (!(group in rows)) {
        groups[++n] = group
    }
}
/^## / {
    text = substr($0, 4)
}
/^[a-z][a-z-]*%?:/ && text != "" {
    name = substr($0, 1, index($0, ":") - 1)
    sub(/%/, "BOARD", name)
    rows[group] = rows[group] sprintf("  make %-18s %s\n", name, text)
    text = ""
}
END {
    for (i = 1; i <= n; i++) {
        printf "%s%s\n%s", (i > 1 ? "\n" : ""), groups[i], rows[groups[i]]
    }
}
