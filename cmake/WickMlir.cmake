# Finds LLVM/MLIR 22.1 and fixes how the project links them: always the two
# shared libraries `MLIR LLVM`, never component archives beside them (a second
# copy of LLVM in one process breaks TypeIDs silently). wick-tblgen is the one
# exception and links static archives only.
find_package(MLIR 22.1 REQUIRED CONFIG)
find_package(LLD REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# An interface target that every compiler library links: headers, definitions
# and the shared libraries.
add_library(WickMlir INTERFACE)
target_include_directories(WickMlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
separate_arguments(WICK_LLVM_DEFINITIONS NATIVE_COMMAND ${LLVM_DEFINITIONS})
target_compile_definitions(WickMlir INTERFACE ${WICK_LLVM_DEFINITIONS})
target_link_libraries(WickMlir INTERFACE MLIR LLVM)
# mlir_tablegen takes its include path from the directory.
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
