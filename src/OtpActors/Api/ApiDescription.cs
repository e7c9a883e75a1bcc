using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using OtpActors.Domain.Runs;
using OtpActors.Domain.Times;
using OtpActors.Triggers;
using OtpActors.Triggers.Commands;
using OtpActors.Triggers.Schedules;

namespace OtpActors.Api;

/// <summary>What the OpenAPI document says beside what is read from the endpoints.</summary>
internal static class ApiDescription
{
    /// <summary>Bodies that can be sent as they are.</summary>
    private static readonly Dictionary<Type, string> Bodies = new()
    {
        [typeof(RunRequest)] = """{"count":100,"notify":10}""",
        [typeof(AgainRequest)] = """{"email":"jane@example.com","otp":"0042"}""",
        [typeof(CommandRequest)] = """{"count":100,"notify":"none","notAfter":"2099-12-31T23:59:59Z"}""",
        [typeof(PublishRequest)] = """[{"email":"jane@example.com"},{"email":"joe@example.com","otp":"0042"}]""",
        [typeof(ScheduleForm)] = """{"name":"nightly","cron":"0 2 * * *","timeZone":"Europe/Berlin","request":{"count":100}}""",
        [typeof(RedriveRequest)] = """{"all":true}""",
    };

    /// <summary>What parameters are like, by name or, where one name has several meanings, by path and name; a run's id and a cursor are to be had from answers alone.</summary>
    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["topic"] = "\"email_topic\"",
        ["email"] = "\"jane@example.com\"",
        ["name"] = "\"nightly\"",
        ["step"] = "\"cassandra-sink\"",
        ["state"] = """["completed","failed"]""",
        ["channel"] = "\"mail\"",
        ["api/notifications state"] = """["accepted","failed"]""",
        ["from"] = "\"2031-05-17T08:30:00Z\"",
        ["to"] = "\"2031-05-18T08:30:00Z\"",
        ["limit"] = "\"10\"",
        ["partition"] = "\"0\"",
        ["offset"] = "\"0\"",
        ["order"] = "\"newest\"",
        ["reveal"] = "\"false\"",
        ["api/runs/{id}/again Idempotency-Key"] = "\"once-more\"",
        ["Idempotency-Key"] = "\"today\"",
        ["Last-Event-ID"] = "\"1\"",
    };

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
                (schema.Type, schema.Pattern, schema.Format) = (JsonSchemaType.String, null, null);
                schema.Description = $"A length of time: {Durations.Forms}. Answers have the form 00:00:05.";
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(ProblemDetails))
            {
                schema.Properties ??= new Dictionary<string, IOpenApiSchema>();
                schema.Properties["code"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "One word for programs, which stays what it is." };
                schema.Properties["field"] = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Null, Description = "The field, parameter or header at fault." };
                schema.Properties["hint"] = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Null, Description = "What can be done." };
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            operation.Responses ??= [];
            operation.Responses["default"] = new OpenApiResponse
            {
                Description = "A problem of RFC 9457.",
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(ProblemDetails), context.Document) },
                },
            };
            var body = context.Description.ParameterDescriptions.FirstOrDefault(parameter => parameter.Source == BindingSource.Body)?.Type;
            foreach (var content in operation.RequestBody?.Content?.Values ?? [])
            {
                content.Example = body is not null && Bodies.TryGetValue(body, out var text) ? JsonNode.Parse(text) : null;
            }

            foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
            {
                parameter.Example = Parameters.TryGetValue($"{context.Description.RelativePath} {parameter.Name}", out var example)
                    || Parameters.TryGetValue(parameter.Name ?? "", out example) ? JsonNode.Parse(example) : null;
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
