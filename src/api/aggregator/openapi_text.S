/* The description of the aggregator's API. OPENAPI_FILE is set by src/api/CMakeLists.txt. */
    .section .rodata
    .global insightd_aggregator_openapi_begin
    .global insightd_aggregator_openapi_end
insightd_aggregator_openapi_begin:
    .incbin OPENAPI_FILE
insightd_aggregator_openapi_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
