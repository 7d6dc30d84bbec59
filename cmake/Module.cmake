# With the fuzz targets alone, whose sanitizers make compiling dear, the sources of a library are
# compiled as one, so that what they share is compiled once, and what nearly all include is read once
# for all. Those of the folder's ALONE have names in their unnamed namespaces that others have too
# ("redefinition of", says the compiler).
function(insightd_compile_at_once TARGET)
  if(NOT INSIGHTD_FUZZ)
    return()
  endif()
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  # The same for all, whatever a target or a library asks for, as they share what was read.
  target_compile_options(${TARGET} PRIVATE -fPIC -pthread)
  if(${TARGET} STREQUAL "insightd_base")
    target_compile_options(${TARGET} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
    target_precompile_headers(
      ${TARGET} PRIVATE <algorithm> <array> <charconv> <chrono> <functional> <map> <memory> <optional>
                        <set> <span> <string> <string_view> <unordered_map> <utility> <variant>
                        <vector> <fmt/format.h>)
  else()
    target_precompile_headers(${TARGET} REUSE_FROM insightd_base)
  endif()
endfunction()

# insightd_module(NAME [USES modules…] [LIBRARIES libraries…] [SOURCES more…] [ALONE sources…])
#
# Makes the library `NAME` from this folder and the folders below it: every *.cc but tests, fuzz
# targets and benchmarks. The tests (*_test.cc) become one program, NAME_test.
function(insightd_module NAME)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES;SOURCES;ALONE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/testing/|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$|/testing/")
  add_library(insightd_${NAME} STATIC ${sources} ${ARG_SOURCES})
  insightd_compile_at_once(insightd_${NAME} ${ARG_ALONE})
  target_include_directories(insightd_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES PREPEND insightd_)
  target_link_libraries(insightd_${NAME} PUBLIC ${ARG_USES} fmt::fmt Threads::Threads
                        PRIVATE ${ARG_LIBRARIES})
  if(INSIGHTD_TESTS AND tests)
    find_package(GTest REQUIRED)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE insightd_${NAME} ${ARG_LIBRARIES} GTest::gmock
                          GTest::gtest_main)
    target_compile_definitions(${NAME}_test PRIVATE
                               INSIGHTD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    if(CMAKE_BUILD_TYPE STREQUAL "Release")
      # Tests are built for the time it takes to build them.
      target_compile_options(${NAME}_test PRIVATE -O0 -U_FORTIFY_SOURCE)
    endif()
    add_test(NAME unit.${NAME} COMMAND ${NAME}_test --gtest_brief=1)
  endif()
endfunction()

# insightd_bench(NAME MODULES…): a google-benchmark program from bench/NAME_bench.cc.
function(insightd_bench NAME)
  if(INSIGHTD_BENCH)
    find_package(benchmark REQUIRED)
    add_executable(${NAME}_bench ${CMAKE_SOURCE_DIR}/bench/${NAME}_bench.cc)
    list(TRANSFORM ARGN PREPEND insightd_)
    target_link_libraries(${NAME}_bench PRIVATE ${ARGN} benchmark::benchmark)
  endif()
endfunction()

# insightd_fuzz(NAME MODULES… [SOURCES …] [ALONE …]): a libFuzzer program from NAME_fuzz.cc of this folder. It
# takes single sources of a module of which the rest would only cost time to build.
function(insightd_fuzz NAME)
  if(INSIGHTD_FUZZ)
    cmake_parse_arguments(ARG "" "" "SOURCES;ALONE" ${ARGN})
    add_executable(${NAME}_fuzz ${CMAKE_CURRENT_SOURCE_DIR}/${NAME}_fuzz.cc ${ARG_SOURCES})
    insightd_compile_at_once(${NAME}_fuzz ${ARG_ALONE})
    list(TRANSFORM ARG_UNPARSED_ARGUMENTS PREPEND insightd_)
    target_link_libraries(${NAME}_fuzz PRIVATE ${ARG_UNPARSED_ARGUMENTS})
    target_link_options(${NAME}_fuzz PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzz_targets)
      add_custom_target(fuzz_targets)
    endif()
    add_dependencies(fuzz_targets ${NAME}_fuzz)
  endif()
endfunction()
