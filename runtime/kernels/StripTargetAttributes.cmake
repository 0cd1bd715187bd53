# Removes what ties textual IR to the build machine's default CPU, so that each
# slice sets its own: cmake -DIN=a.ll -DOUT=b.ll -P this.
file(READ "${IN}" text)
string(REGEX REPLACE " \"(target-cpu|target-features|tune-cpu|stack-protector-buffer-size|no-trapping-math|frame-pointer)\"=\"[^\"]*\"" "" text "${text}")
# The parser refuses a group that this leaves empty.
string(REGEX REPLACE "= { *}" "= { \"wick-routine\" }" text "${text}")
file(WRITE "${OUT}" "${text}")
