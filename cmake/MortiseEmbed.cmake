# mortise_embed_yaml(target namespace NAME file.yaml): compiles the YAML file into `target` as JSON text
# (namespace::NAME, a std::string_view) and operation lines (namespace::NAMELines).
include_guard(GLOBAL)

if(NOT TARGET mortise_yaml)
  add_subdirectory(${CMAKE_SOURCE_DIR}/sdk/embed ${CMAKE_BINARY_DIR}/sdk/embed)
endif()

function(mortise_embed_yaml target namespace name file)
  get_filename_component(path ${file} ABSOLUTE)
  file(RELATIVE_PATH shown ${CMAKE_SOURCE_DIR} ${path})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp)
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  add_custom_command(OUTPUT ${output}
    COMMAND mortise_yaml_to_cpp ${namespace} ${name} ${path} ${shown} ${output}
    DEPENDS mortise_yaml_to_cpp ${path} COMMENT "Embedding ${shown}" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
