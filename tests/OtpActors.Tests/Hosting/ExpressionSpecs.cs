using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.RegularExpressions;
using OtpActors.Hosting;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Hosting;

/// <summary>No expression takes the digits and letters of every script, which no parser reads afterwards.</summary>
public partial class ExpressionSpecs
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void No_expression_takes_digits_or_letters_of_every_script()
    {
        Assembly[] assemblies = [typeof(OtpActorsOptions).Assembly, typeof(OtpActors.Cql.Cluster).Assembly, typeof(OtpActors.Streams.Kafka.KafkaAdmin).Assembly];
        var types = assemblies.SelectMany(assembly => assembly.GetTypes()).ToList();
        var patterns = types.SelectMany(type => type.GetMethods(All).SelectMany(method => method.GetCustomAttributes<GeneratedRegexAttribute>()))
            .Select(attribute => attribute.Pattern)
            .Concat(types.SelectMany(type => type.GetProperties(All).SelectMany(property => property.GetCustomAttributes<RegularExpressionAttribute>()))
                .Select(attribute => attribute.Pattern))
            .ToList();
        patterns.Count.ShouldBeGreaterThan(10);
        patterns.ShouldAllBe(pattern => !Wide().IsMatch(pattern));
    }

    [GeneratedRegex(@"\\[dwsDW]|\\p\{")]
    private static partial Regex Wide();
}
