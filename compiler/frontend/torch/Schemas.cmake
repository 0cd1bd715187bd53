# Schemas.txt as string literals: cmake -DIN=... -DOUT=... -P Schemas.cmake
file(READ ${IN} text)
string(REGEX REPLACE "#[^\n]*\n" "" text "${text}")
string(REGEX REPLACE "\n$" "" text "${text}")
string(REPLACE "\n" ")schema\",\nR\"schema(" text "${text}")
file(WRITE ${OUT} "R\"schema(${text})schema\"\n")
