using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;

namespace OtpActors.Api;

/// <summary>
/// Parameters of a query are as strict as fields of a body: an unknown one, one in other letters, a repeated or an empty one is
/// refused, since it would otherwise be passed over in silence. Those that take a list may be repeated.
/// </summary>
internal static partial class QueryParameters
{
    private static readonly ConditionalWeakTable<Endpoint, IReadOnlyDictionary<string, bool>> Known = [];

    /// <summary>Comes after authorization: a stranger is not told what there is.</summary>
    public static void UseStrictQuery(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) && context.GetEndpoint() is { } endpoint)
        {
            Check(context.Request.Query, Known.GetValue(endpoint, From));
        }

        return next(context);
    });

    /// <exception cref="ApiProblemException">A parameter is unknown, repeated or empty.</exception>
    private static void Check(IQueryCollection query, IReadOnlyDictionary<string, bool> known)
    {
        foreach (var (name, values) in query)
        {
            if (!known.TryGetValue(name, out var isList))
            {
                throw new ApiProblemException(
                    400, "unknown_parameter", "A parameter of the query is unknown.", Name().IsMatch(name) ? name : null,
                    known.Count == 0 ? "Nothing can be asked for here in the query." : $"There are {string.Join(", ", known.Keys.Order(StringComparer.Ordinal))}.");
            }

            if (values.Count > 1 && !isList)
            {
                throw new ApiProblemException(400, "repeated_parameter", $"{name} is there more than once.", name);
            }

            if (values.Any(string.IsNullOrEmpty))
            {
                throw ApiProblemException.BadField(name, "the value is missing.", "Leave the parameter out, or give it a value.");
            }
        }
    }

    /// <summary>The names that the endpoint's handler takes from the query, and whether each takes a list.</summary>
    private static Dictionary<string, bool> From(Endpoint endpoint)
    {
        var inPath = (endpoint as RouteEndpoint)?.RoutePattern.Parameters.Select(part => part.Name).ToHashSet(StringComparer.Ordinal) ?? [];
        return (endpoint.Metadata.GetMetadata<MethodInfo>()?.GetParameters() ?? [])
            .Where(parameter => parameter.ParameterType == typeof(string) || parameter.ParameterType == typeof(string[]))
            .Where(parameter => parameter.GetCustomAttribute<FromHeaderAttribute>() is null && !inPath.Contains(parameter.Name!))
            .ToDictionary(parameter => parameter.Name!, parameter => parameter.ParameterType == typeof(string[]), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,40}\z")]
    private static partial Regex Name();
}
