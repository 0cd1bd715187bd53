# find_package(wick [COMPONENTS runtime runtime_static trace]): what is installed here.
include(${CMAKE_CURRENT_LIST_DIR}/wickTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/wickTraceTargets.cmake OPTIONAL)
foreach(component ${wick_FIND_COMPONENTS})
  if(wick_FIND_REQUIRED_${component} AND NOT TARGET wick::${component})
    set(wick_FOUND FALSE)
    set(wick_NOT_FOUND_MESSAGE "wick has no component '${component}' here")
  endif()
endforeach()
