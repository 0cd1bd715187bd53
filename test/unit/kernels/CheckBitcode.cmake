# The routine bitcode must stand alone: nothing undefined in the module, nothing
# in the object made of it (the code generator may add calls of its own), no
# relocation that needs a loader, no tie to a CPU.
#   cmake -DBITCODE= -DNM= -DOPT= -DLLC= -DOBJDUMP= -DLINK= -DWORK= -P CheckBitcode.cmake
function(must_be_empty what)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE out ERROR_VARIABLE err RESULT_VARIABLE rc)
  if(NOT rc EQUAL 0 OR NOT "${out}" STREQUAL "")
    message(FATAL_ERROR "${what}:\n${out}${err}")
  endif()
endfunction()
function(must_run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE rc ERROR_VARIABLE err)
  if(NOT rc EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}\n${err}")
  endif()
endfunction()

must_be_empty("undefined symbols in the bitcode" ${NM} --undefined-only ${BITCODE})
must_run(${OPT} -S ${BITCODE} -o ${WORK}/routines.ll)
file(STRINGS ${WORK}/routines.ll ties REGEX "target-cpu|target-features")
if(ties)
  message(FATAL_ERROR "the bitcode names a CPU")
endif()
file(SIZE ${BITCODE} size)
if(size GREATER 600000)
  message(FATAL_ERROR "the bitcode has grown to ${size} bytes")
endif()
foreach(cpu x86-64-v3 x86-64-v4)
  must_run(${OPT} "-passes=default<O2>" -mcpu=${cpu} ${BITCODE} -o ${WORK}/routines.${cpu}.bc)
  must_run(${LLC} -O2 -mcpu=${cpu} -relocation-model=pic -filetype=obj ${WORK}/routines.${cpu}.bc -o ${WORK}/routines.${cpu}.o)
  must_be_empty("undefined symbols in the object" ${NM} --undefined-only ${WORK}/routines.${cpu}.o)
  execute_process(COMMAND ${OBJDUMP} -r ${WORK}/routines.${cpu}.o OUTPUT_VARIABLE relocations)
  if(relocations MATCHES "R_X86_64_64|GOT|TLS|TPOFF")
    message(FATAL_ERROR "relocation for a loader: ${CMAKE_MATCH_0}")
  endif()
endforeach()

# As the compiler links it: what is needed alone, internalized; the call of
# memset appears only in the code generator.
file(WRITE ${WORK}/caller.ll [[
declare float @wick_m_sin_f32(float)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define float @caller(ptr %p, i64 %n, float %x) {
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 false)
  %r = call float @wick_m_sin_f32(float %x)
  ret float %r
}
]])
must_run(${LINK} --only-needed --internalize ${WORK}/caller.ll ${BITCODE} -o ${WORK}/caller.bc)
must_run(${OPT} "-passes=default<O2>" -mcpu=x86-64-v3 ${WORK}/caller.bc -o ${WORK}/caller.opt.bc)
must_run(${LLC} -mcpu=x86-64-v3 -relocation-model=pic -filetype=obj ${WORK}/caller.opt.bc -o ${WORK}/caller.o)
must_be_empty("undefined symbols after linking what is needed" ${NM} --undefined-only ${WORK}/caller.o)
