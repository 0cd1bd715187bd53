# Writes the bytes of FROM as comma-separated numbers to TO.
file(READ ${FROM} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE ",$" "" bytes "${bytes}")
file(WRITE ${TO} "${bytes}\n")
