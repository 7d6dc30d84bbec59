/* The API's description as it is served. OPENAPI_FILE is set by CMakeLists.txt. */
    .section .rodata
    .global insightd_openapi_begin
    .global insightd_openapi_end
insightd_openapi_begin:
    .incbin OPENAPI_FILE
insightd_openapi_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
