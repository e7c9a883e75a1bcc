using System.Text.Json.Nodes;

namespace OtpActors.Api;

/// <summary>The settings in force, as they may be shown.</summary>
public delegate JsonObject ReadSettings();

/// <summary><c>/api/config</c>: the settings in force, as they may be shown.</summary>
internal static class ConfigurationEndpoint
{
    public static void MapConfiguration(this RouteGroupBuilder api) =>
        api.MapGet("/config", (ReadSettings read) => TypedResults.Ok(read())).Needs(ApiScope.Read)
            .WithTags("Service").WithSummary("The settings in force, secrets masked")
            .WithDescription("Under the names that the settings have. *** stands for whatever may be a secret and is set, null for what is not set.");
}
