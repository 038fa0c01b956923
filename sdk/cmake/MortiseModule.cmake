# mortise_add_module(NAME [SOURCES file...] [LINK library...] [OUTPUT_DIRECTORY dir])
#
# Builds the module in this folder (module.yaml, contracts/, migrations/, messages/, *.cpp, *.c) into NAME.so, a target called NAME.
#   SOURCES           instead of every *.cpp and *.c beside the CMakeLists.txt (tests, *_test.* and *_fuzz.*, never count)
#   LINK              further libraries; their symbols stay inside
#   OUTPUT_DIRECTORY  where NAME.so goes; default: the build folder of this directory
# The file exports mortise_module_v1 and nothing else. The same function serves modules inside and outside the Mortise repository.
include_guard(GLOBAL)

function(mortise_add_module name)
  cmake_parse_arguments(ARG "" "OUTPUT_DIRECTORY" "SOURCES;LINK" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mortise_add_module(${name}): unexpected ${ARG_UNPARSED_ARGUMENTS}; say SOURCES, LINK or OUTPUT_DIRECTORY before it")
  endif()
  set(here ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT EXISTS ${here}/module.yaml)
    message(FATAL_ERROR "mortise_add_module(${name}): ${here}/module.yaml not found; a module says there what it is")
  endif()
  if(NOT ARG_SOURCES)
    file(GLOB ARG_SOURCES CONFIGURE_DEPENDS ${here}/*.cpp ${here}/*.c)
    list(FILTER ARG_SOURCES EXCLUDE REGEX "_(test|fuzz)\\.(cpp|c)$")
  endif()

  # The manifest: remade when one of its files changes, appears or goes.
  file(GLOB data CONFIGURE_DEPENDS ${here}/contracts/* ${here}/migrations/* ${here}/messages/*)
  set(manifest ${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest.c)
  set(tool MortiseSDK::embed)
  if(TARGET mortise-embed)
    set(tool mortise-embed)
  endif()
  add_custom_command(OUTPUT ${manifest} COMMAND ${tool} ${here} -o ${manifest} DEPENDS ${tool} ${here}/module.yaml ${data}
    COMMENT "Embedding the manifest of ${name}" VERBATIM)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT "C" IN_LIST languages)
    set_source_files_properties(${manifest} PROPERTIES LANGUAGE CXX)
  endif()

  set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/module.map)
  add_library(${name} MODULE ${ARG_SOURCES} ${manifest})
  target_include_directories(${name} PRIVATE ${here})
  target_link_libraries(${name} PRIVATE MortiseSDK::sdk ${ARG_LINK})
  target_link_options(${name} PRIVATE "LINKER:--version-script=${map}")
  if(NOT MORTISE_SANITIZE)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so" POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${map}
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

  set(output ${ARG_OUTPUT_DIRECTORY})
  # Modules that ship with the server lie where the server looks for them.
  if(TARGET mortise-embed)
    cmake_path(IS_PREFIX CMAKE_SOURCE_DIR ${here} NORMALIZE inside)
    set(shipped ${CMAKE_SOURCE_DIR}/modules)
    cmake_path(IS_PREFIX shipped ${here} NORMALIZE ships)
    if(inside AND ships)
      if(NOT output)
        set(output ${CMAKE_BINARY_DIR}/modules)
      endif()
      set_property(GLOBAL APPEND PROPERTY MORTISE_SHIPPED_MODULES ${name})
      include(GNUInstallDirs)
      install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mortise/modules)
    endif()
    target_compile_options(${name} PRIVATE -Wall -Wextra -Wshadow -Werror -fstack-protector-strong)
    if(MORTISE_SANITIZE)
      # Without the warning for the reason that stands in CMakeLists.txt.
      target_compile_options(${name} PRIVATE -fsanitize=${MORTISE_SANITIZE} -fno-omit-frame-pointer -g
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
      target_link_options(${name} PRIVATE -fsanitize=${MORTISE_SANITIZE})
    endif()
    if(MORTISE_TESTS)
      add_test(NAME ${name}_symbols
        COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DFILE=$<TARGET_FILE:${name}> -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/CheckSymbols.cmake)
      set_tests_properties(${name}_symbols PROPERTIES TIMEOUT 20 LABELS unit)
    endif()
  endif()
  if(output)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${output})
  endif()
endfunction()
