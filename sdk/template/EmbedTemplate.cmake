# cmake -DDIR=template/module -DOUT=template_files.cpp -P EmbedTemplate.cmake
file(GLOB_RECURSE files RELATIVE ${DIR} ${DIR}/*)
list(FILTER files EXCLUDE REGEX "\\.clang-format$")  # of this folder, not of a new module
list(SORT files)
set(text "// Made from sdk/template/module; edit that.\n#include \"sdk/template/template_files.hpp\"\n\nnamespace mortise::project {\n\n")
string(APPEND text "const std::vector<TemplateFile>& templateFiles() {\n  static const std::vector<TemplateFile> kFiles = {\n")
foreach(file IN LISTS files)
  file(READ ${DIR}/${file} content)
  string(APPEND text "      {\"${file}\", R\"~~~~(${content})~~~~\"},\n")
endforeach()
string(APPEND text "  };\n  return kFiles;\n}\n\n}  // namespace mortise::project\n")
file(WRITE ${OUT} "${text}")
