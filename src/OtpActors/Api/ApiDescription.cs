using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using OtpActors.Triggers;

namespace OtpActors.Api;

/// <summary>What the OpenAPI document says beside what is read from the endpoints.</summary>
internal static class ApiDescription
{
    public static void Describe(this OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "OtpActors",
                Version = "v1",
                Description =
                    "Runs that stream one-time passwords into Cassandra and MongoDB, check both, mail and post. Every error is a "
                    + "problem of RFC 9457 with a code, the field at fault and, where it helps, a hint.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["ApiKey"] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    Description = "A key of `OtpActors api-key`. Callers on this machine need none where no key is configured.",
                },
            };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(TimeSpan) || context.JsonTypeInfo.Type == typeof(TimeSpan?))
            {
                (schema.Type, schema.Pattern, schema.Format) = (JsonSchemaType.String, null, "duration");
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(async (schema, context, cancel) =>
        {
            if (context.JsonTypeInfo.Type == typeof(PublishRequest))
            {
                schema.OneOf =
                [
                    await context.GetOrCreateSchemaAsync(typeof(PublishRequest.ObjectForm), null, cancel),
                    new OpenApiSchema { Type = JsonSchemaType.Array, Items = await context.GetOrCreateSchemaAsync(typeof(OtpInput), null, cancel) },
                ];
            }
        });
    }
}
