module drover.dev/bench

go 1.18
