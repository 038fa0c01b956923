# mortise_precompile(target)        for libraries and programs
# mortise_precompile_module(target) for modules, which are compiled with the SDK's flags
# mortise_precompile_test(target)   for test programs: GoogleTest as well
# One precompiled header per kind, made once and shared: most of a file's compile time is the same standard headers.
# Third-party builds of the SDK have none of this, so a module never depends on it.
include_guard(GLOBAL)

option(MORTISE_PCH "Precompile the headers that most files include" ON)

# g++ 12 forgets that code from a precompiled header is system code, and warns about its bounds; a build with MORTISE_PCH=OFF and
# those of clang still look.
function(mortise_use_precompiled target from)
  target_precompile_headers(${target} REUSE_FROM ${from})
  target_compile_options(${target} PRIVATE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>)
endfunction()

# Built by a separate library, so that all targets of one kind share it. A compiler takes a precompiled header only for the
# code model that it was made for: PIC for libraries, PIE for programs.
function(mortise_precompiled_header name header model)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pch/empty.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE ${model})
  # Without its path, so that two clones can share the compiler cache.
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/pch)
  target_precompile_headers(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:<${header}$<ANGLE-R>>")
endfunction()

function(mortise_precompile target)
  if(NOT MORTISE_PCH)
    return()
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set(kind program)
    set(model -fPIE)
  else()
    set(kind library)
    set(model -fPIC)
  endif()
  if(NOT TARGET mortise_pch_${kind})
    mortise_precompiled_header(mortise_pch_${kind} library.hpp ${model} mortise_options)
  endif()
  mortise_use_precompiled(${target} mortise_pch_${kind})
endfunction()

function(mortise_precompile_module target)
  if(NOT MORTISE_PCH)
    return()
  endif()
  if(NOT TARGET mortise_pch_module)
    mortise_precompiled_header(mortise_pch_module library.hpp -fPIC MortiseSDK::sdk)
    mortise_module_flags(mortise_pch_module)
  endif()
  mortise_use_precompiled(${target} mortise_pch_module)
endfunction()

# The assertions themselves are compiled without optimisation, in half the time; what they test is compiled like everything else.
function(mortise_test_flags target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O0>)
endfunction()

function(mortise_precompile_test target)
  mortise_test_flags(${target})
  if(NOT MORTISE_PCH)
    return()
  endif()
  if(NOT TARGET mortise_pch_test)
    mortise_precompiled_header(mortise_pch_test test.hpp -fPIE mortise_options GTest::gtest GTest::gmock)
    mortise_test_flags(mortise_pch_test)
  endif()
  mortise_use_precompiled(${target} mortise_pch_test)
endfunction()
