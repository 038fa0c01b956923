# Copies Swagger UI, Redoc and our own page scripts to <build>/share/docs, where `mortise serve` finds them.
# Included from the root CMakeLists; `./dev setup` runs `npm ci` in tools/docs first. Without node_modules nothing is copied
# and the two pages stay blank; configure says so.
if(CMAKE_SCRIPT_MODE_FILE)
  file(MAKE_DIRECTORY ${TARGET})
  set(modules ${SOURCE}/node_modules)
  file(COPY_FILE ${modules}/swagger-ui-dist/swagger-ui.css ${TARGET}/swagger-ui.css ONLY_IF_DIFFERENT)
  file(COPY_FILE ${modules}/swagger-ui-dist/swagger-ui-bundle.js ${TARGET}/swagger-ui-bundle.js ONLY_IF_DIFFERENT)
  file(COPY_FILE ${modules}/swagger-ui-dist/LICENSE ${TARGET}/swagger-ui.LICENSE.txt ONLY_IF_DIFFERENT)
  file(COPY_FILE ${modules}/swagger-ui-dist/NOTICE ${TARGET}/swagger-ui.NOTICE.txt ONLY_IF_DIFFERENT)
  file(COPY_FILE ${modules}/redoc/LICENSE ${TARGET}/redoc.LICENSE.txt ONLY_IF_DIFFERENT)
  file(COPY_FILE ${modules}/redoc/bundles/redoc.standalone.js.LICENSE.txt ${TARGET}/redoc.standalone.js.LICENSE.txt ONLY_IF_DIFFERENT)
  # Redoc loads the logo of its "powered by" line from outside, and no option stops it.
  set(logo "https://cdn.redoc.ly/redoc/logo-mini.svg")
  file(READ ${modules}/redoc/bundles/redoc.standalone.js script)
  string(FIND "${script}" "${logo}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${modules}/redoc: expected the logo address ${logo} in the bundle; look what this version loads from outside")
  endif()
  string(REPLACE "${logo}" "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" script "${script}")
  file(WRITE ${TARGET}/redoc.standalone.js "${script}")
  file(GLOB own ${SOURCE}/pages/*)
  file(COPY ${own} DESTINATION ${TARGET})
  file(TOUCH ${TARGET}/.complete)
  return()
endif()

include_guard(GLOBAL)
set(docs_source ${CMAKE_SOURCE_DIR}/tools/docs)
if(EXISTS ${docs_source}/node_modules/redoc AND EXISTS ${docs_source}/node_modules/swagger-ui-dist)
  file(GLOB docs_pages CONFIGURE_DEPENDS ${docs_source}/pages/*)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/share/docs/.complete
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${docs_source} -DTARGET=${CMAKE_BINARY_DIR}/share/docs -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS ${docs_pages} ${docs_source}/package-lock.json ${CMAKE_CURRENT_LIST_FILE} COMMENT "Copying the docs pages' assets" VERBATIM)
  add_custom_target(docs_assets ALL DEPENDS ${CMAKE_BINARY_DIR}/share/docs/.complete)
else()
  message(STATUS "tools/docs/node_modules is missing: /docs and /redoc will have no scripts; run ./dev setup")
endif()
