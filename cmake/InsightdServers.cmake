# Real servers (Kafka, S3, PostgreSQL) for tests. One set serves a whole run of ctest: it is started
# by the test `servers.start` when a test needs it, and ended by `servers.stop`, or when ctest itself
# is gone.
set(INSIGHTD_TEST_SERVERS_FILE ${CMAKE_BINARY_DIR}/test_servers.env)

# insightd_server_test(NAME test COMMAND words… [ENVIRONMENT …] [TIMEOUT s (300)] [PROCESSORS n])
#
# A test that needs the servers: it finds their addresses (KEY=value) in the file that the
# environment variable INSIGHTD_TEST_SERVERS names. tools/servers/servers.py writes that file.
function(insightd_server_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT;PROCESSORS" "COMMAND;ENVIRONMENT" ${ARGN})
  if(NOT INSIGHTD_TESTS)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  insightd_servers_fixture()
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_COMMAND})
  set(environment INSIGHTD_TEST_SERVERS=${INSIGHTD_TEST_SERVERS_FILE} ${ARG_ENVIRONMENT})
  set_tests_properties(${ARG_NAME} PROPERTIES FIXTURES_REQUIRED servers
                       ENVIRONMENT "${environment}" TIMEOUT "${ARG_TIMEOUT}")
  if(ARG_PROCESSORS)
    set_tests_properties(${ARG_NAME} PROPERTIES PROCESSORS ${ARG_PROCESSORS})
  endif()
endfunction()

# The tests that start and end the servers; once a build folder, whoever asks first.
function(insightd_servers_fixture)
  get_property(there GLOBAL PROPERTY insightd_servers_fixture)
  if(there)
    return()
  endif()
  set_property(GLOBAL PROPERTY insightd_servers_fixture ON)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(servers ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/servers/servers.py)
  add_test(NAME servers.start COMMAND ${servers} up --env ${INSIGHTD_TEST_SERVERS_FILE})
  add_test(NAME servers.stop COMMAND ${servers} down --env ${INSIGHTD_TEST_SERVERS_FILE})
  # The first start may download.
  set_tests_properties(servers.start PROPERTIES FIXTURES_SETUP servers TIMEOUT 960)
  set_tests_properties(servers.stop PROPERTIES FIXTURES_CLEANUP servers TIMEOUT 60)
endfunction()
