// Shows the document of this very service; nothing is fetched from, or sent to, another host.
"use strict";

SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#document",
    deepLinking: true,
    docExpansion: "none",
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    queryConfigEnabled: false,
    persistAuthorization: false,
});
