# strip.awk - a C file without its comments, line for line; with -v strings=0
# also without what stands in quotes.
{
    line = $0
    out = ""
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\") {
                if (strings)
                    out = out two
                i++
            } else if (c == quote) {
                out = out c
                quote = ""
            } else if (strings)
                out = out c
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'")
                quote = c
            out = out c
        }
    }
    print out
}
