# cmake -DPAGE_DIR=… -DOUT_DIR=… -P embed.cmake
#
# Writes OUT_DIR/page_bytes.s, which takes in the page's files as they are served, and
# OUT_DIR/page_assets.cc, the table of them in the order of their paths. An array in C++ would take
# the compiler seconds.

cmake_minimum_required(VERSION 3.25)

set(content_types
    html "text/html"
    js "text/javascript"
    css "text/css"
    json "application/json"
    svg "image/svg+xml"
    txt "text/plain"
    png "image/png"
    ico "image/x-icon"
    woff2 "font/woff2")
set(compressible html js css json svg txt)
# A smaller file fits one packet either way, and is readable with any client.
set(compress_bytes_min 1400)

file(MAKE_DIRECTORY ${OUT_DIR})
file(GLOB_RECURSE files RELATIVE ${PAGE_DIR} ${PAGE_DIR}/*)
list(SORT files COMPARE STRING)
# A hidden name cannot be part of a page: it is left over from something else.
list(FILTER files EXCLUDE REGEX "(^|/)\\.")

set(symbols "")
set(rows "")
set(bytes ".section .rodata\n")
set(index 0)
foreach(file IN LISTS files)
  get_filename_component(extension ${file} LAST_EXT)
  string(REGEX REPLACE "^\\." "" extension "${extension}")
  list(FIND content_types "${extension}" at)
  if(at LESS 0)
    message(FATAL_ERROR "${PAGE_DIR}/${file}: no content type is known for .${extension}; add it to ui/embed.cmake")
  endif()
  math(EXPR at "${at} + 1")
  list(GET content_types ${at} content_type)
  if(content_type MATCHES "^text/")
    string(APPEND content_type "; charset=utf-8")
  endif()

  set(source ${PAGE_DIR}/${file})
  set(gzip false)
  file(SIZE ${source} size)
  if(extension IN_LIST compressible AND size GREATER_EQUAL compress_bytes_min)
    set(packed ${OUT_DIR}/${index}.gz)
    execute_process(COMMAND gzip -9nc ${source} OUTPUT_FILE ${packed} RESULT_VARIABLE failed)
    if(failed)
      message(FATAL_ERROR "${source}: gzip failed (${failed})")
    endif()
    set(source ${packed})
    set(gzip true)
  endif()

  set(immutable false)
  if(file MATCHES "^assets/")
    set(immutable true)
  endif()

  string(APPEND bytes
         ".global insightd_page_${index}_begin\n.global insightd_page_${index}_end\n"
         "insightd_page_${index}_begin:\n.incbin \"${source}\"\ninsightd_page_${index}_end:\n")
  string(APPEND symbols
         "extern \"C\" const char insightd_page_${index}_begin[];\n"
         "extern \"C\" const char insightd_page_${index}_end[];\n")
  string(APPEND rows
         "      PageAsset{\"/${file}\", \"${content_type}\",\n"
         "                Bytes(insightd_page_${index}_begin, insightd_page_${index}_end), ${gzip}, ${immutable}},\n")
  math(EXPR index "${index} + 1")
endforeach()

# The assembler says nothing of what a stack may hold; without this the linker warns.
string(APPEND bytes ".section .note.GNU-stack,\"\",@progbits\n")

file(WRITE ${OUT_DIR}/page_bytes.s "${bytes}")
file(WRITE ${OUT_DIR}/page_assets.cc "// Made by ui/embed.cmake.
#include \"app/page_assets.h\"

#include <array>

${symbols}
namespace insightd {
namespace {

std::string_view Bytes(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const PageAsset> PageAssets() {
  static const std::array<PageAsset, ${index}> kAssets = {
${rows}  };
  return kAssets;
}

}  // namespace insightd
")
